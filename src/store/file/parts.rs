//! Reads the files of a file store: records, and one file per tag, metadata entry and assessment.

use super::file_name;
use crate::files::AllowedFolders;
use crate::formats;
use crate::limits;
use crate::model::{Assessment, Experiment, Labels, Problem};
use crate::store::artifact::read_when_settled;
use std::fmt::Display;
use std::fs::{DirEntry, FileType};
use std::io::ErrorKind;
use std::path::Path;

/// Reads the files beside a record. A file that cannot be read is a problem, and the others are still read.
pub(super) struct RecordParts<'a> {
    allowed: &'a AllowedFolders,
    /// The files that could not be read.
    pub(super) problems: Vec<Problem>,
}

impl<'a> RecordParts<'a> {
    pub(super) const fn new(allowed: &'a AllowedFolders) -> Self {
        Self { allowed, problems: Vec::new() }
    }

    /// Reads an experiment: the record in its folder, and its tags. A folder without a record holds run artifacts of a
    /// database, is the trash, or is a leftover.
    pub(super) fn experiment(&mut self, folder: &Path, is_trash: bool) -> Option<Experiment> {
        let path = folder.join("meta.yaml");
        if let Err(error) = self.allowed.check(folder) {
            if path.exists() {
                self.report_unreadable("unreadable_folder", "an experiment", &error, folder);
            }
            return None;
        }
        let yaml = match read_record_file(self.allowed, &path) {
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
                // MLflow takes the id from the folder name.
                experiment.experiment_id = file_name(folder);
                experiment.tags = self.labels(&folder.join("tags"), "experiment tag");
                Some(experiment)
            }
            Err(why) => {
                self.report_unreadable("damaged_experiment", "an experiment", &why, &path);
                None
            }
        }
    }

    /// Reads one file per key. A key with slashes is a path with subfolders.
    pub(super) fn labels(&mut self, folder: &Path, noun: &str) -> Labels {
        let mut labels = Labels::default();
        let mut open = vec![(folder.to_owned(), String::new())];
        while let Some((folder, prefix)) = open.pop() {
            for (entry, kind) in self.entries(&folder, noun) {
                let (path, key) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
                if kind.is_dir() {
                    open.push((path, key + "/"));
                    continue;
                }
                match self.allowed.read_entry(&path, kind, limits::RECORD_BYTES) {
                    Ok(bytes) => labels.add(&key, &String::from_utf8_lossy(&bytes)),
                    // Another program deleted the file after it was listed.
                    Err(error) if error.is_not_found() && !kind.is_symlink() => {}
                    Err(error) => {
                        self.report_unreadable("unreadable_file", &format!("the {noun} `{key}`"), &error, &path);
                    }
                }
            }
        }
        labels
    }

    /// Reads the assessments of a trace, one file each.
    pub(super) fn assessments(&mut self, folder: &Path) -> Vec<Assessment> {
        let mut assessments = Vec::new();
        for (entry, _) in self.entries(folder, "assessment") {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "yaml") {
                continue;
            }
            match read_record_file(self.allowed, &path)
                .map(|yaml| yaml.map(|yaml| formats::assessment(&yaml)).transpose())
            {
                Ok(Ok(assessment)) => assessments.extend(assessment),
                Ok(Err(why)) => self.report_unreadable("damaged_assessment", "an assessment", &why, &path),
                Err(problem) => self.problems.push(problem),
            }
        }
        assessments
    }

    /// Returns the entries of a folder; empty if it does not exist.
    fn entries(&mut self, folder: &Path, noun: &str) -> Vec<(DirEntry, FileType)> {
        match self.allowed.entries(folder) {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => {
                self.report_unreadable("unreadable_folder", &format!("the folder of {noun} files"), &error, folder);
                Vec::new()
            }
        }
    }

    fn report_unreadable(&mut self, kind: &'static str, subject: &str, why: &dyn Display, path: &Path) {
        self.problems.push(Problem::new(kind, format!("cannot read {subject}: {why}")).at_path(path));
    }
}

/// Reads the text of a record. `None` if the file does not exist.
pub(super) fn read_record_file(allowed: &AllowedFolders, path: &Path) -> Result<Option<String>, Problem> {
    match read_when_settled(path, || allowed.read(path, limits::RECORD_BYTES)) {
        Ok(bytes) => Ok(Some(
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )),
        Err(error) if matches!(error.io_kind(), Some(ErrorKind::NotFound | ErrorKind::NotADirectory)) => Ok(None),
        Err(error) => Err(Problem::new("unreadable_file", format!("cannot read the record: {error}")).at_path(path)),
    }
}
