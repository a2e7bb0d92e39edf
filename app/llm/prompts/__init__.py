"""The fixed words of each job, one file a job. They are public: their hash is signed."""
