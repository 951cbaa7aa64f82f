"""What every adapter builds on: guarding, searching until k are admissible, marking, publishing."""
