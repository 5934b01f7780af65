"""The gateway on a socket, and who may call it there."""
