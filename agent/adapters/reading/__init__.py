"""Reading whole papers: files in, text and sections out, in a sandboxed child process."""
