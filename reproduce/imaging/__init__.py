"""Images with their geometry: files in, volumes out, volumes to files."""
