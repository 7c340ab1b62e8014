//! What the laboratory's pages are made of: each stands alone, without script, font or image from elsewhere.

pub(crate) mod axis;
pub(crate) mod labels;
pub(crate) mod svg;

const STYLE: &str = include_str!("style.css");

/// One HTML document of these parts, light and dark.
pub(crate) fn document(title: &str, parts: &[String]) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
        svg::escaped(title),
        parts.join("\n")
    )
}

/// A chart below its title and what it shows.
pub(crate) fn figure(title: &str, explained: &str, content: &str) -> String {
    format!("<h2>{title}</h2>\n<figure>\n<p class=\"soft\">{explained}</p>\n{content}\n</figure>")
}
