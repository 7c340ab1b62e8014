//! Little-endian integers and slices at fixed places of a small page.

/// Writes fields one after another.
pub(crate) struct Writer<'a> {
    page: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(page: &'a mut [u8]) -> Self {
        Self { page, at: 0 }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.page[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// `text` in a field of `width` bytes, the rest zero; the caller has checked that it fits.
    pub(crate) fn padded(&mut self, text: &str, width: usize) {
        let end = self.at + width;
        self.bytes(text.as_bytes());
        self.page[self.at..end].fill(0);
        self.at = end;
    }

    pub(crate) fn zeros(&mut self, width: usize) {
        self.page[self.at..self.at + width].fill(0);
        self.at += width;
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }
}

/// Reads the same fields; `None` at the page's end.
pub(crate) struct Reader<'a> {
    page: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(page: &'a [u8]) -> Self {
        Self { page }
    }

    pub(crate) fn bytes(&mut self, width: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.page.split_at_checked(width)?;
        self.page = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The first `len` bytes of a field of `width` bytes as text.
    pub(crate) fn padded(&mut self, len: usize, width: usize) -> Option<&'a str> {
        let field = self.bytes(width)?;
        std::str::from_utf8(field.get(..len)?).ok()
    }

    pub(crate) const fn left(&self) -> usize {
        self.page.len()
    }
}
