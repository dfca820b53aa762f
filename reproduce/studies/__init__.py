"""What is said about layers, calculated or measured on small networks and real X-rays."""
