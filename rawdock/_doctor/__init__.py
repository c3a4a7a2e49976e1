"""`python -m rawdock doctor`: what decides which Engine is used and how, and what is wrong with it."""
