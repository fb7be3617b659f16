"""The proof page: what a paper's QR code leads to. No log-in, nothing that names a person, and it works without a network once seen."""
