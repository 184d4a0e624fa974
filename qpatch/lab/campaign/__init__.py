"""Many runs: what is to be run with which program, several at a time, and what is reported of them."""
