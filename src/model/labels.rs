//! Tags and metadata. There are dozens for each of up to a hundred thousand traces, so those of one trace share one
//! buffer.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// A sorted map from string to string that needs two allocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    text: String,
    /// The byte offsets of key start, value start and value end, sorted by key.
    offsets: Vec<[usize; 3]>,
}

impl Labels {
    /// Returns an empty map with capacity for this many bytes of text.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), offsets: Vec::with_capacity(16) }
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.find(key).ok().map(|at| self.pair(at).1)
    }

    /// Adds a key, unless it is already present.
    pub fn add(&mut self, key: &str, value: &str) {
        if let Err(at) = self.find(key) {
            let start = self.text.len();
            self.text.reserve(key.len() + value.len());
            self.text.push_str(key);
            self.text.push_str(value);
            self.offsets.insert(at, [start, start + key.len(), self.text.len()]);
        }
    }

    /// Iterates over all keys and values, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.offsets.len()).map(|at| self.pair(at))
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.offsets.binary_search_by(|[start, value, _]| self.text[*start..*value].cmp(key))
    }

    fn pair(&self, at: usize) -> (&str, &str) {
        let [start, value, end] = self.offsets[at];
        (&self.text[start..value], &self.text[value..end])
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.offsets.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
