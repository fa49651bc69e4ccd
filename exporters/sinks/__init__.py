"""Where samples go. prometheus_page.py is asked for them; a push sink (sink.py) is sent them."""
