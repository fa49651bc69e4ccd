"""What an accelerator costs and what it can do at best: prices and peaks, each with its source and date."""
