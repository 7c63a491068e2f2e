"""An edition's posts in, a message out: subject, preheader, HTML and text, and what is wrong with them."""
