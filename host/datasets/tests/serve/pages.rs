//! What each page says.

use plimsoll_datasets::serve::Visitors;

use crate::world::{BLOCKS, BRANCH, FAILED, FOREIGN, HOSTILE, REPLACED, SECRET, TAKEN_DOWN, TOKEN};
use crate::{get, others, page, started};

const HERE: &str = "/96/7082055";

fn has(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}

/// Every page that there is, each once.
pub(crate) fn all() -> Vec<String> {
    let mut all: Vec<String> = ["/", "/96"].map(String::from).to_vec();
    for end in [
        "",
        "?uid=1",
        "?sort=rows&order=down",
        "/overlap",
        "/overlap?order=group&min=5",
        "/groups",
        "/groups?limit=100",
        "/changes",
        "/changes?since=7067655",
        "/proof",
        "/proof?uid=1",
        "/miner/0",
        "/miner/1",
        "/miner/3",
        "/miner/4",
        "/miner/6",
        "/miner/8",
        "/miner/9",
        "/miner/1/rows",
        "/miner/1/rows?page=13",
        "/miner/3/rows",
        "/miner/1/diff?block=7067655",
        "/miner/2/diff?uid=9",
        "/miner/1/diff?block=7067655&kind=added",
        "/miner/1/diff?uid=3",
        "/miner/1/diff",
        "/miner/1/proof",
    ] {
        all.push(format!("{HERE}{end}"));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_listed_with_what_became_of_their_miners() {
    let address = started(Visitors::ThisMachine).await;
    let text = page(address, "/").await;
    has(&text, &["3 snapshots of 1 subnet", "href=\"/96/7082055\">7,082,055", "2026-09-2"]);
    let newest = text.find("7,082,055").unwrap();
    assert!(newest < text.find("7,074,855").unwrap(), "{text}");
    has(&page(address, "/96").await, &["Subnet 96", "3 snapshots, the newest first"]);
    let none = page(address, "/?page=9").await;
    has(&none, &["nothing on this page"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_are_filtered_sorted_and_paged() {
    let address = started(Visitors::ThisMachine).await;
    let rows = |text: &str| text.matches("<tr>").count() - 1;
    let all = page(address, HERE).await;
    has(&all, &["24 miners: 20 datasets kept, 1 failed, 3 without anything to fetch", "Snapshot before"]);
    assert_eq!(rows(&all), 24);
    let one = page(address, &format!("{HERE}?uid=7")).await;
    assert_eq!(rows(&one), 1);
    has(&one, &["value=\"7\""]);
    let failed = page(address, &format!("{HERE}?state=failed")).await;
    assert_eq!(rows(&failed), 1);
    has(&failed, &["repo-not-found"]);
    let by_key = page(address, &format!("{HERE}?hotkey=5&state=skipped")).await;
    assert_eq!(rows(&by_key), 3);
    let none = page(address, &format!("{HERE}?account=%3Cscript%3E")).await;
    assert_eq!(rows(&none), 0);
    has(&none, &["value=\"&lt;script&gt;\"", "no miners"]);
    let sorted = page(address, &format!("{HERE}?sort=uid&order=down")).await;
    has(&sorted, &["aria-sort=\"descending\""]);
    assert!(sorted.find("miner/23\"").unwrap() < sorted.find("miner/1\"").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_has_facts_a_history_and_neighbours_and_no_raw_commitment() {
    let address = started(Visitors::ThisMachine).await;
    let one = page(address, &format!("{HERE}/miner/1")).await;
    has(
        &one,
        &["Commitment, redacted", "bytes, BLAKE3", ", pinned", "History of uid 1", "Diff with 7,074,855"],
    );
    has(&one, &["Overlap with others", "Of the smaller"]);
    let replaced = page(address, &format!("{HERE}/miner/{REPLACED}")).await;
    has(&replaced, &["another miner", "Diff with miner 2", "99 %"]);
    let foreign = page(address, &format!("{HERE}/miner/{FOREIGN}")).await;
    has(&foreign, &["not of this subnet’s form"]);
    let failed = page(address, &format!("{HERE}/miner/{FAILED}")).await;
    has(
        &failed,
        &["the hub says &lt;b&gt;404&lt;/b&gt;: <span class=\"unseen\">U+202E</span>no such repository for "],
    );
    // That there was something is told, and what is told apart of it.
    has(&failed, &["(what looks like a key)", ", not pinned", "untold/21/"]);
    has(&page(address, &format!("{HERE}/miner/0")).await, &["none committed"]);
    has(&page(address, &format!("{HERE}/miner/{TAKEN_DOWN}")).await, &["was taken down"]);
    let before = page(address, &format!("/96/{}/miner/{REPLACED}", BLOCKS[0])).await;
    has(&before, &["Its rows"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_secret_nor_lets_a_row_be_markup() {
    let address = started(Visitors::ThisMachine).await;
    for path in all() {
        let text = page(address, &path).await;
        for secret in [SECRET, "AKIA", TOKEN, BRANCH] {
            assert!(!text.contains(secret), "{path} has {secret}: {text}");
        }
        let lower = text.to_lowercase();
        for bad in [
            "<script",
            "<img src=x",
            "<svg onload",
            "<base",
            "<b>",
            "style=\"",
            "onerror=\"",
            "//example.org\"",
        ] {
            assert!(!lower.contains(bad), "{path} has {bad}: {text}");
        }
        for unseen in ['\u{202e}', '\u{2066}', '\u{200b}', '\0'] {
            assert!(!text.contains(unseen), "{path} has {unseen:?}");
        }
    }
    let rows = page(address, &format!("{HERE}/miner/{HOSTILE}/rows")).await;
    has(
        &rows,
        &[
            "&lt;script&gt;alert('system')&lt;/script&gt;",
            "&lt;img src=x onerror=alert(1)&gt;",
            "This is no row",
        ],
    );
    has(&rows, &["U+202E</span>gpj.exe", "עברית العربية", "U+0000", "6 rows", "id=\"row-6\""]);
    assert_eq!(rows.matches("<section").count(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_pages_and_tell_who_else_has_them() {
    let address = started(Visitors::ThisMachine).await;
    let first = page(address, &format!("{HERE}/miner/2/rows")).await;
    has(&first, &["1–20 of 250 rows", "Row id <code>", "<dt>assistant</dt>", "first committed by"]);
    has(&first, &["aria-label=\"Pages\"", "aria-label=\"Pages, below the rows\""]);
    let alone = page(address, &format!("{HERE}/miner/2/rows?row=7")).await;
    has(&alone, &["id=\"row-7\"", "href=\"/96/7082055/miner/2/rows\">All 250 rows"]);
    assert_eq!(alone.matches("<section").count(), 1);
    has(&page(address, &format!("{HERE}/miner/2/rows?row=251")).await, &["There is no such row."]);
    let last = page(address, &format!("{HERE}/miner/2/rows?page=13")).await;
    has(&last, &["241–250 of 250 rows", "id=\"row-250\""]);
    assert!(!last.contains("Next"));
    has(
        &page(address, &format!("{HERE}/miner/2/rows?page=18446744073709551615")).await,
        &["nothing on this page"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_marks_rows_and_words() {
    let address = started(Visitors::ThisMachine).await;
    let days = page(address, &format!("{HERE}/miner/1/diff?block=7067655")).await;
    has(&days, &["From <a href=\"/96/7067655/miner/1\">", "<del>are</del>"]);
    for kind in ["changed", "added", "removed", "moved"] {
        has(&days, &[&format!("<section aria-labelledby=\"{kind}\">")]);
    }
    has(&days, &["Row 11 moved to ", ", added</h3>", ", removed</h3>"]);
    has(&days, &["Row 6 became row 6", "once", "<ins>"]);
    let kind = page(address, &format!("{HERE}/miner/1/diff?block=7067655&kind=removed")).await;
    has(&kind, &["of 10 rows"]);
    let miners = page(address, &format!("{HERE}/miner/2/diff?uid=9")).await;
    has(&miners, &["Miner 2 against miner 9", "<ins>never"]);
    has(
        &page(address, &format!("{HERE}/miner/1/diff")).await,
        &["Both hold the same rows in the same order"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_is_a_picture_with_a_legend_and_a_table() {
    let address = started(Visitors::ThisMachine).await;
    let text = page(address, &format!("{HERE}/overlap")).await;
    has(
        &text,
        &[
            "ismap",
            "class=\"legend\"",
            "class=\"swatch class-6\"",
            "<caption>Pairs",
            "249",
            "width=\"342\" height=\"342\"",
        ],
    );
    let picture = get(address, &format!("{HERE}/overlap/uid/picture")).await;
    assert_eq!((picture.status, picture.headers["content-type"].as_str()), (200, "image/png"));
    assert_eq!(&picture.body[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(picture.body[16..24], [0, 0, 1, 86, 0, 0, 1, 86]);
    let dark = get(address, &format!("{HERE}/overlap/uid/picture?ground=dark")).await;
    assert_ne!(dark.body, picture.body);
    assert_eq!(pixels(&picture.body, 342), pixels(&dark.body, 342));
    // Kept by uid: 1, 2, 3, 7, 9 to 23; miners 2 and 9 are nearly the same, 1 is in nobody's favour with 3.
    let pixels = pixels(&picture.body, 342);
    let at = |x: usize, y: usize| pixels[y * 18 + 9][x * 18 + 9];
    assert_eq!((at(0, 0), at(1, 4), at(4, 1), at(0, 2)), (7, 5, 5, 0));
    for (click, leads) in
        [("?27,81", "/miner/9/diff?uid=2"), ("?9,9", "/miner/1"), ("", "/overlap?order=uid")]
    {
        let answer = get(address, &format!("{HERE}/overlap/uid/cell{click}")).await;
        assert_eq!((answer.status, answer.headers["location"].clone()), (303, format!("{HERE}{leads}")));
    }
    let answer = get(address, &format!("{HERE}/overlap/group/cell?9,27")).await;
    assert_eq!(answer.status, 303);
}

/// The places in the palette, row by row.
fn pixels(png: &[u8], side: usize) -> Vec<Vec<u8>> {
    let at = png.windows(4).position(|window| window == b"IDAT").unwrap();
    let len = u32::from_be_bytes(png[at - 4..at].try_into().unwrap()) as usize;
    let raw = miniz_oxide::inflate::decompress_to_vec_zlib(&png[at + 4..at + 4 + len]).unwrap();
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in raw.chunks(side + 1) {
        let above = lines.last().cloned().unwrap_or_else(|| vec![0; side]);
        let is_copy = line[0] == 2;
        lines.push(
            line[1..].iter().zip(above).map(|(here, above)| here + if is_copy { above } else { 0 }).collect(),
        );
    }
    assert_eq!(lines.len(), side);
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_name_the_first_and_the_limit_is_the_visitors() {
    let address = started(Visitors::ThisMachine).await;
    let strict = page(address, &format!("{HERE}/groups?limit=240")).await;
    has(
        &strict,
        &[
            "Groups as the subnet forms them",
            "Groups that hang together",
            "1 group, 1 miner behind the first",
        ],
    );
    let loose = page(address, &format!("{HERE}/groups?limit=250")).await;
    has(&loose, &["None at this limit."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_tell_the_signature_and_a_path_that_leads_to_the_root() {
    let address = started(Visitors::ThisMachine).await;
    let signed = page(address, &format!("{HERE}/proof")).await;
    has(&signed, &["The signature holds", "Root over the entries", "Show its path"]);
    has(&page(address, "/96/7067655/proof").await, &["Nobody signed this snapshot"]);
    let path = page(address, &format!("{HERE}/miner/1/proof")).await;
    has(&path, &["The path leads from the entry to the root.", "1 of 24"]);
    assert_eq!(path.matches("<li><code>").count(), 5);
    assert_eq!(page(address, &format!("{HERE}/proof?uid=1")).await, path);
    let changes = page(address, &format!("{HERE}/changes")).await;
    has(&changes, &["another miner", "Diff of miner 1"]);
    has(&page(address, "/96/7067655/changes").await, &["There is no snapshot before this one."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_subnets_what_was_collected_last_comes_first() {
    let address = others().await;
    let text = page(address, "/").await;
    has(&text, &["3 snapshots of 2 subnets"]);
    let at = |block: &str| text.find(&format!("\">{block}</a>")).unwrap();
    assert!(at("5,000") < at("7,000,100") && at("7,000,100") < at("7,000,000"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_name_what_changed_in_the_order_of_the_days() {
    let address = others().await;
    let forwards = page(address, "/96/7000100/changes").await;
    has(&forwards, &["Changes up to block 7,000,100", "2 miners of 2 changed since block"]);
    has(&forwards, &["<td>another owner</td>", "<td>went</td>"]);
    let backwards = page(address, "/96/7000000/changes?since=7000100").await;
    has(&backwards, &["Changes up to block 7,000,100", "<td>another owner</td>", "<td>went</td>"]);
    assert!(!backwards.contains("<td>came</td>"), "{backwards}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_facts_are_shown_also_where_nothing_can_be_compared() {
    let address = others().await;
    let rows = get(address, "/1/5000/miner/7/rows").await;
    let text = rows.text();
    has(text, &["the only row", "1–1 of 1 row", "Who else has these rows cannot be told."]);
    has(text, &["4097 datasets to compare, at most 4096"]);
    assert!(!text.contains("No other miner has it"), "{text}");
    let miner = get(address, "/1/5000/miner/7").await;
    has(miner.text(), &["Commitment", "History of uid 7", "It cannot be told.", "4097 datasets"]);
}
