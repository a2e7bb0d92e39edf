"""Do on this machine what a worker does around the app: prepare IEXEC_IN, start the app, check IEXEC_OUT."""
