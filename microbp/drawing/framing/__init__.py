"""Around the cards: the legend, the size of the whole, and what shows and writes itself."""
