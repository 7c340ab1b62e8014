//! What every page stands in: head, the way here, foot.

use maud::{Markup, PreEscaped, html};

use super::refusal::Refusal;
use super::site::Site;
use super::text::Said;

/// What is made while the page's beginning is on its way.
pub(super) type Rest = Box<dyn FnOnce(&Site) -> Result<Markup, Refusal> + Send>;

/// A page.
pub(super) struct Page {
    pub(super) title: String,
    /// The way here: what each step is called and where it is.
    pub(super) way: Vec<(String, String)>,
    /// What stands beside this page: name, address, and whether it is this one.
    pub(super) beside: Vec<(&'static str, String, bool)>,
    /// What is shown at once.
    pub(super) content: Markup,
    /// What follows.
    pub(super) rest: Option<Rest>,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, content: Markup) -> Self {
        Self { title: title.into(), way: Vec::new(), beside: Vec::new(), content, rest: None }
    }

    pub(super) fn way(mut self, way: Vec<(String, String)>) -> Self {
        self.way = way;
        self
    }

    pub(super) fn beside(mut self, beside: Vec<(&'static str, String, bool)>) -> Self {
        self.beside = beside;
        self
    }

    pub(super) fn then(
        mut self,
        rest: impl FnOnce(&Site) -> Result<Markup, Refusal> + Send + 'static,
    ) -> Self {
        self.rest = Some(Box::new(rest));
        self
    }

    /// All up to the end of what is shown at once.
    pub(super) fn begin(&self) -> String {
        let head = html! {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (self.title) " · Plimsoll datasets" }
            link rel="icon" type="image/svg+xml" href="/icon.svg";
            link rel="stylesheet" href="/style.css";
        };
        let top = html! {
            a.skip href="#content" { "To the content" }
            header {
                nav aria-label="The way here" {
                    ol.way {
                        li { a href="/" { "Archive" } }
                        @for (name, address) in &self.way { li { a href=(address) { (Said(name)) } } }
                    }
                }
                @if !self.beside.is_empty() {
                    nav aria-label="This snapshot" {
                        ul.beside {
                            @for (name, address, is_here) in &self.beside {
                                li { a href=(address) aria-current=[is_here.then_some("page")] { (name) } }
                            }
                        }
                    }
                }
            }
        };
        let main = html! { h1 { (self.title) } (self.content) };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n{}\n</head>\n<body>\n{}\n<main id=\"content\">\n{}\n",
            head.0, top.0, main.0
        )
    }
}

/// What follows the content.
pub(super) const END: PreEscaped<&str> = PreEscaped(
    "\n</main>\n<footer><p>Rows are other people’s texts and may hold personal data. Nothing on these pages is \
     loaded from elsewhere, and browsers are told to keep none of it.</p></footer>\n</body>\n</html>\n",
);

/// The page of a refusal.
pub(super) fn refused(refusal: &Refusal) -> Page {
    let content = html! {
        p { bdi { (Said(&refusal.to_string())) } }
        p { a href="/" { "All snapshots" } }
    };
    Page::new(refusal.title(), content)
}

/// A refusal as a part of a sentence: what it says may be a stranger's text.
pub(super) fn why(refusal: &Refusal) -> Markup {
    html! { (refusal.title()) ": " bdi { (Said(&refusal.to_string())) } }
}

/// A refusal where the page has begun already.
pub(super) fn refused_within(refusal: &Refusal) -> Markup {
    html! { p.warn role="alert" { (why(refusal)) } }
}
