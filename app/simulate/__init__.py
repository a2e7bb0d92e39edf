"""What a worker does around the app, on one machine: prepare IEXEC_IN, start the app, judge IEXEC_OUT."""
