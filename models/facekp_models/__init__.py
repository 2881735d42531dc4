"""The models of facekp that its own wheel leaves out, a folder each; `facekp-export models` lists them."""
