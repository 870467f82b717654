"""Reading whole papers: files in, text and sections out, in a child process that is kept on a short lead."""
