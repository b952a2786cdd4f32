"""Stories: wire copies of one article, found by MinHash over word shingles and told apart by an exact measure.

What an outlet does to a wire text is to cut it at the end, put its paragraphs in another order, give it another
headline, byline or agency tag, add a paragraph of its own, and edit words. What is no copy though it shares text: a
later article that repeats the background, a template filled with other names and numbers, an item that is half
boilerplate, a digest.
"""
