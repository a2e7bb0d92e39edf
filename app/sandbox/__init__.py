"""The sandbox: it runs Python snippets inside this process, in a CPython that cannot reach anything of the process."""
