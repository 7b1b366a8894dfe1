"""The dialect of China's Ground Research and Application System (GRAS): names, labels, levels."""
