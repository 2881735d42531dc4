"""What the tables of the paper share: their page, and the nets that predictions rest on."""
