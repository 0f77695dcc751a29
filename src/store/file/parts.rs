//! What lies in the files of a file store: records, and one file for each tag, entry of the metadata and assessment.

use super::file_name;
use crate::files::AllowedFolders;
use crate::formats;
use crate::limits;
use crate::model::{Assessment, Experiment, Labels, Problem};
use crate::store::artifact::read_settled;
use std::fmt::Display;
use std::fs::{DirEntry, FileType};
use std::io::ErrorKind;
use std::path::Path;

/// Reads what lies in files beside a record. What cannot be read of it costs itself alone.
pub(super) struct RecordParts<'a> {
    fence: &'a AllowedFolders,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

impl<'a> RecordParts<'a> {
    pub(super) const fn new(fence: &'a AllowedFolders) -> Self {
        Self { fence, problems: Vec::new() }
    }

    /// An experiment: the record in its folder, and the tags beside it. Folders without a record are run artifacts of a
    /// database, the trash, or left-overs.
    pub(super) fn experiment(&mut self, folder: &Path, is_trash: bool) -> Option<Experiment> {
        let path = folder.join("meta.yaml");
        if let Err(error) = self.fence.check(folder) {
            if path.exists() {
                self.unreadable("unreadable_folder", "an experiment", &error, folder);
            }
            return None;
        }
        let yaml = match record(self.fence, &path) {
            Ok(yaml) => yaml?,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        match formats::experiment(&yaml) {
            Ok(mut experiment) => {
                if is_trash {
                    "deleted".clone_into(&mut experiment.lifecycle_stage);
                }
                // The folder is what MLflow goes by.
                experiment.experiment_id = file_name(folder);
                experiment.tags = self.labels(&folder.join("tags"), "tag of an experiment");
                Some(experiment)
            }
            Err(why) => {
                self.unreadable("damaged_experiment", "an experiment", &why, &path);
                None
            }
        }
    }

    /// One file per key; a key with slashes is a path of folders.
    pub(super) fn labels(&mut self, folder: &Path, noun: &str) -> Labels {
        let mut values = Labels::default();
        let mut open = vec![(folder.to_owned(), String::new())];
        while let Some((folder, prefix)) = open.pop() {
            for (entry, kind) in self.entries(&folder, noun) {
                let (path, key) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
                if kind.is_dir() {
                    open.push((path, key + "/"));
                    continue;
                }
                match self.fence.read_entry(&path, kind, limits::RECORD_BYTES) {
                    Ok(bytes) => values.add(&key, &String::from_utf8_lossy(&bytes)),
                    // It was there a moment ago: a live program has deleted it.
                    Err(error) if error.kind() == ErrorKind::NotFound && !kind.is_symlink() => {}
                    Err(error) => self.unreadable("unreadable_file", &format!("the {noun} `{key}`"), &error, &path),
                }
            }
        }
        values
    }

    /// The assessments of a trace, one file each.
    pub(super) fn assessments(&mut self, folder: &Path) -> Vec<Assessment> {
        let mut assessments = Vec::new();
        for (entry, _) in self.entries(folder, "assessment") {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "yaml") {
                continue;
            }
            match record(self.fence, &path).map(|yaml| yaml.map(|yaml| formats::assessment(&yaml)).transpose()) {
                Ok(Ok(assessment)) => assessments.extend(assessment),
                Ok(Err(why)) => self.unreadable("damaged_assessment", "an assessment", &why, &path),
                Err(problem) => self.problems.push(problem),
            }
        }
        assessments
    }

    /// The entries of a folder, if it is there.
    fn entries(&mut self, folder: &Path, noun: &str) -> Vec<(DirEntry, FileType)> {
        match self.fence.entries(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                self.unreadable(
                    "unreadable_folder",
                    &format!("a folder with one file for each {noun}"),
                    &error,
                    folder,
                );
                Vec::new()
            }
        }
    }

    fn unreadable(&mut self, kind: &'static str, what: &str, why: &dyn Display, path: &Path) {
        self.problems.push(Problem::new(kind, format!("{what} cannot be read: {why}")).at(path));
    }
}

/// The text of a record; `None` where there is no such file.
pub(super) fn record(fence: &AllowedFolders, path: &Path) -> Result<Option<String>, Problem> {
    match read_settled(path, || fence.read(path, limits::RECORD_BYTES)) {
        Ok(bytes) => Ok(Some(
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Problem::new("unreadable_file", format!("a record cannot be read: {error}")).at(path)),
    }
}
