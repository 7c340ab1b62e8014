//! The overlap matrix as a PNG of a few colours.

use miniz_oxide::deflate::compress_to_vec_zlib;

use super::compared::Compared;

/// The picture is about this wide.
const WIDTH: usize = 760;

/// The least hundredths of a class, and what the class is called; the first is nothing, the last the miner itself.
pub(super) const CLASSES: [(u32, &str); 8] = [
    (0, "none"),
    (1, "below 10 %"),
    (10, "10 to 24 %"),
    (25, "25 to 49 %"),
    (50, "50 to 74 %"),
    (75, "75 to 99 %"),
    (100, "all"),
    (101, "the miner itself"),
];

/// The classes' colours on light and on dark ground, as in the style sheet.
const LIGHT: [[u8; 3]; 8] = [
    [0xff, 0xff, 0xff],
    [0xe3, 0xea, 0xf7],
    [0xb9, 0xcd, 0xf0],
    [0x84, 0xa6, 0xe4],
    [0x47, 0x76, 0xd0],
    [0x23, 0x4a, 0x9c],
    [0xc2, 0x5e, 0x0a],
    [0xb5, 0xb3, 0xac],
];
const DARK: [[u8; 3]; 8] = [
    [0x1d, 0x1d, 0x1b],
    [0x26, 0x2f, 0x42],
    [0x30, 0x44, 0x6e],
    [0x41, 0x63, 0xa8],
    [0x6a, 0x93, 0xe6],
    [0xb4, 0xcc, 0xfb],
    [0xf0, 0x9a, 0x4c],
    [0x5c, 0x5b, 0x56],
];

/// How many pixels wide a cell is.
pub(super) const fn cell_px(n_miners: usize) -> usize {
    match n_miners {
        0..=42 => 18,
        43..=379 => WIDTH / n_miners,
        _ => 1,
    }
}

/// The matrix of these places in this order.
pub(super) fn matrix(compared: &Compared, order: &[usize], is_dark: bool) -> Vec<u8> {
    let cell = cell_px(order.len());
    let side = order.len() * cell;
    let mut scanlines = Vec::with_capacity(side * (side + 1));
    for row in order {
        // The first line of a row of cells as it is, the others as a copy of the line above.
        scanlines.push(0);
        for column in order {
            scanlines.extend(std::iter::repeat_n(class(compared, *row, *column), cell));
        }
        for _ in 1..cell {
            scanlines.push(2);
            scanlines.extend(std::iter::repeat_n(0, side));
        }
    }
    png(side as u32, &scanlines, if is_dark { &DARK } else { &LIGHT })
}

fn class(compared: &Compared, row: usize, column: usize) -> u8 {
    if row == column {
        return CLASSES.len() as u8 - 1;
    }
    let percent = match compared.overlaps().shared(row, column) {
        0 => 0,
        // A single row of thousands is still something.
        _ => compared.percent(row, column).max(1),
    };
    CLASSES.iter().rposition(|(least, _)| *least <= percent).unwrap_or(0) as u8
}

/// A square picture of one byte a pixel, each a place in the palette (W3C, Portable Network Graphics).
fn png(side: u32, scanlines: &[u8], palette: &[[u8; 3]]) -> Vec<u8> {
    let side = side.to_be_bytes();
    // Eight bits, palette, the usual compression and filters, not interlaced.
    let head = [&side[..], &side, &[8, 3, 0, 0, 0]].concat();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &head);
    chunk(&mut out, b"PLTE", palette.as_flattened());
    chunk(&mut out, b"IDAT", &compress_to_vec_zlib(scanlines, 6));
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    out.extend_from_slice(&(content.len() as u32).to_be_bytes());
    let from = out.len();
    out.extend_from_slice(name);
    out.extend_from_slice(content);
    let sum = crc32(&out[from..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// CRC-32 as PNG has it (ISO 3309), bit by bit: a picture is small.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // The end of every PNG file.
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn a_cell_is_never_nothing_and_a_picture_never_far_wider_than_meant() {
        for n_miners in 1..4096 {
            let cell = cell_px(n_miners);
            assert!(cell > 0 && (cell == 1 || n_miners * cell <= WIDTH), "{n_miners}");
        }
    }
}
