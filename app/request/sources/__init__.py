"""What wins: a request put together from a dataset, secrets, input files and args, under the rules of the data's owner."""
