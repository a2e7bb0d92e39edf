"""Which source wins: put one request together from dataset, secrets, input files and args, under the data owner's rules."""
