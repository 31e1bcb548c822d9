"""What both services need, without HTTP: clock, faults, records, the schema checker, input files."""
