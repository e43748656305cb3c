//! What is in a file, twice: as everybody reads it, and as it would be after a power cut.
//!
//! Pages are shared between the two until one is written, so that a second version costs what differs.

use std::collections::BTreeSet;
use std::sync::Arc;

pub const PAGE_BYTES: usize = 4096;

type Page = Arc<[u8; PAGE_BYTES]>;

/// A page that was never written is none, and reads as zeros.
#[derive(Clone, Default)]
struct Version {
    pages: Vec<Option<Page>>,
    size: u64,
}

#[derive(Clone, Default)]
pub struct Content {
    live: Version,
    durable: Version,
    /// Indices of the pages in which the two may differ.
    unsynced: BTreeSet<usize>,
}

impl Content {
    pub fn size(&self) -> u64 {
        self.live.size
    }

    /// Bytes that pages are there for; holes cost nothing.
    pub fn allocated(&self) -> u64 {
        (self.live.pages.iter().flatten().count() * PAGE_BYTES) as u64
    }

    /// Pages that a power cut would change.
    pub fn unsynced_pages(&self) -> usize {
        self.unsynced.len()
    }

    pub fn is_synced(&self) -> bool {
        self.unsynced.is_empty() && self.live.size == self.durable.size
    }

    /// Fewer bytes than asked for at the end, as read(2) gives.
    pub fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let end = self.live.size.min(offset.saturating_add(length as u64));
        let mut bytes = vec![0; end.saturating_sub(offset) as usize];
        for (index, within, from) in spans(offset, bytes.len()) {
            if let Some(page) = &self.live.pages[index] {
                let length = within.len();
                bytes[from..from + length].copy_from_slice(&page[within]);
            }
        }
        bytes
    }

    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset + bytes.len() as u64;
        if end > self.live.size {
            self.resize(end);
        }
        for (index, within, from) in spans(offset, bytes.len()) {
            let length = within.len();
            self.page_to_write(index)[within].copy_from_slice(&bytes[from..from + length]);
        }
    }

    /// What is cut off reads as zeros when the file grows again.
    pub fn resize(&mut self, size: u64) {
        let pages = size.div_ceil(PAGE_BYTES as u64) as usize;
        if size < self.live.size {
            self.unsynced.extend(pages..self.live.pages.len());
            let tail = (size % PAGE_BYTES as u64) as usize;
            if tail > 0 && self.live.pages[pages - 1].is_some() {
                self.page_to_write(pages - 1)[tail..].fill(0);
            }
        }
        self.live.pages.resize(pages, None);
        self.live.size = size;
    }

    /// A hole; the size stays.
    pub fn punch(&mut self, offset: u64, length: u64) {
        let end = self.live.size.min(offset.saturating_add(length));
        for (index, within, _) in spans(offset, end.saturating_sub(offset) as usize) {
            if self.live.pages[index].is_some() {
                self.page_to_write(index)[within].fill(0);
            }
        }
    }

    pub fn sync(&mut self) {
        self.durable.pages.resize(self.live.pages.len(), None);
        for index in std::mem::take(&mut self.unsynced) {
            // Pages beyond the end were cut off, here as there.
            if let Some(page) = self.live.pages.get(index) {
                self.durable.pages[index].clone_from(page);
            }
        }
        self.durable.size = self.live.size;
    }

    pub fn forget(&mut self) {
        self.live.clone_from(&self.durable);
        self.unsynced.clear();
    }

    fn page_to_write(&mut self, index: usize) -> &mut [u8; PAGE_BYTES] {
        self.unsynced.insert(index);
        Arc::make_mut(self.live.pages[index].get_or_insert_with(|| Arc::new([0; PAGE_BYTES])))
    }
}

/// Pages that a range touches: index, the range within the page, and where that begins in the range.
fn spans(offset: u64, length: usize) -> impl Iterator<Item = (usize, std::ops::Range<usize>, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset as usize + done;
        let within = at % PAGE_BYTES;
        let count = (PAGE_BYTES - within).min(length - done);
        let from = done;
        done += count;
        Some((at / PAGE_BYTES, within..within + count, from))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_synced_is_forgotten() {
        let mut content = Content::default();
        content.write(PAGE_BYTES as u64 - 2, b"kept");
        content.sync();
        content.write(PAGE_BYTES as u64 - 1, b"lost");
        assert_eq!(content.read(PAGE_BYTES as u64 - 2, 100), b"klost");
        assert!(!content.is_synced());
        content.forget();
        assert_eq!(content.read(PAGE_BYTES as u64 - 2, 100), b"kept");
        assert!(content.is_synced());
    }

    #[test]
    fn a_file_that_shrank_is_long_again() {
        let mut content = Content::default();
        content.write(0, &[7; 3 * PAGE_BYTES]);
        content.sync();
        content.resize(10);
        content.resize(2 * PAGE_BYTES as u64);
        assert_eq!(content.read(0, 12), [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0]);
        let mut other = content.clone();
        content.forget();
        assert_eq!(content.read(0, 4 * PAGE_BYTES), [7; 3 * PAGE_BYTES]);

        other.sync();
        other.forget();
        assert_eq!(other.size(), 2 * PAGE_BYTES as u64);
        assert_eq!(other.read(8, 4), [7, 7, 0, 0]);
        assert_eq!(other.read(PAGE_BYTES as u64, PAGE_BYTES), [0; PAGE_BYTES]);
    }

    #[test]
    fn holes_are_zeros() {
        let mut content = Content::default();
        content.resize(10 * PAGE_BYTES as u64);
        assert_eq!(content.allocated(), 0);
        content.write(5, &[1; PAGE_BYTES]);
        content.punch(0, PAGE_BYTES as u64);
        assert_eq!(content.read(PAGE_BYTES as u64 - 1, 8), [0, 1, 1, 1, 1, 1, 0, 0]);
    }
}
