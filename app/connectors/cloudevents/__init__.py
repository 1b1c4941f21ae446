"""CloudEvents 1.0 over HTTP: binary, structured and batched."""
