"""What maintainers run: floors, prose, releases and the documentation site. Not part of any distribution's package."""
