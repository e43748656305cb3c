//! Files and folders as they are, and as they would be after a power cut.
//!
//! 1. A file's content and size are durable once the file is synced.
//! 2. A name (made, removed or renamed) is durable once its folder is synced, and not before: a file that was synced in a folder that
//!    wasn't is gone. That is less than ext4 or xfs give, whose journals write names along with the next sync of anything, and exactly
//!    what POSIX promises.
//! 3. A rename is one step: when it touched two folders, either's sync makes both durable.
//! 4. Modes, owners and times are never forgotten: nobody here depends on them.
//! 5. What is under a folder whose syncs are ignored is never durable, unless everything is synced at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use fuser::Errno;

use crate::content::Content;

pub type Id = u64;
pub const ROOT: Id = 1;

pub type Outcome<T = ()> = Result<T, Errno>;
type Names = BTreeMap<OsString, Id>;

#[derive(Clone)]
pub struct Attributes {
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub modified: SystemTime,
    pub changed: SystemTime,
}

#[derive(Default)]
pub struct Folder {
    pub live: Names,
    durable: Names,
    /// Folders with whom a rename is shared that isn't durable yet.
    tied: BTreeSet<Id>,
}

pub enum Node {
    File(Content),
    Folder(Folder),
}

pub struct Inode {
    pub attributes: Attributes,
    pub node: Node,
    /// As it is known now, or was last.
    parent: Id,
    name: OsString,
    live_names: u32,
    durable_names: u32,
    /// How often the kernel has been told of it, less what it forgot.
    references: u64,
}

/// What a power cut took.
#[derive(Debug, Default, PartialEq)]
pub struct Loss {
    /// Files that were as they are now, before.
    pub files: usize,
    pub pages: usize,
    /// Names that came, went or changed.
    pub names: usize,
}

pub struct Disk {
    inodes: HashMap<Id, Inode>,
    next: Id,
    ignores_syncs_under: Option<OsString>,
}

impl Disk {
    /// Syncs of a folder of that name, and of everything in it, are answered and not done.
    pub fn new(attributes: Attributes, ignores_syncs_under: Option<OsString>) -> Self {
        let root = Inode {
            attributes,
            node: Node::Folder(Folder::default()),
            parent: ROOT,
            name: OsString::new(),
            live_names: 1,
            durable_names: 1,
            references: 1,
        };
        Disk { inodes: HashMap::from([(ROOT, root)]), next: ROOT + 1, ignores_syncs_under }
    }

    pub fn inode(&self, id: Id) -> Outcome<&Inode> {
        self.inodes.get(&id).ok_or(Errno::EIO)
    }

    pub fn inode_mut(&mut self, id: Id) -> Outcome<&mut Inode> {
        self.inodes.get_mut(&id).ok_or(Errno::EIO)
    }

    pub fn folder(&self, id: Id) -> Outcome<&Folder> {
        match &self.inode(id)?.node {
            Node::Folder(folder) => Ok(folder),
            Node::File(_) => Err(Errno::ENOTDIR),
        }
    }

    pub fn content(&self, id: Id) -> Outcome<&Content> {
        match &self.inode(id)?.node {
            Node::File(content) => Ok(content),
            Node::Folder(_) => Err(Errno::EISDIR),
        }
    }

    /// To be changed: its time of change is now.
    pub fn content_mut(&mut self, id: Id) -> Outcome<&mut Content> {
        let inode = self.inode_mut(id)?;
        inode.attributes.modified = SystemTime::now();
        inode.attributes.changed = inode.attributes.modified;
        match &mut inode.node {
            Node::File(content) => Ok(content),
            Node::Folder(_) => Err(Errno::EISDIR),
        }
    }

    pub fn parent(&self, id: Id) -> Outcome<Id> {
        Ok(self.inode(id)?.parent)
    }

    pub fn find(&self, folder: Id, name: &OsStr) -> Outcome<Id> {
        self.folder(folder)?.live.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub fn make(&mut self, folder: Id, name: &OsStr, attributes: Attributes, node: Node) -> Outcome<Id> {
        if self.folder(folder)?.live.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let id = self.next;
        self.next += 1;
        let inode = Inode {
            attributes,
            node,
            parent: folder,
            name: name.to_owned(),
            live_names: 1,
            durable_names: 0,
            references: 0,
        };
        self.inodes.insert(id, inode);
        self.folder_mut(folder)?.live.insert(name.to_owned(), id);
        Ok(id)
    }

    pub fn remove_file(&mut self, folder: Id, name: &OsStr) -> Outcome {
        let id = self.find(folder, name)?;
        self.content(id)?;
        self.unname(folder, name, id)
    }

    pub fn remove_folder(&mut self, folder: Id, name: &OsStr) -> Outcome {
        let id = self.find(folder, name)?;
        if !self.folder(id)?.live.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.unname(folder, name, id)
    }

    /// What had the new name is replaced, unless it must not be.
    pub fn rename(&mut self, from: (Id, &OsStr), to: (Id, &OsStr), may_replace: bool) -> Outcome {
        let id = self.find(from.0, from.1)?;
        match self.find(to.0, to.1) {
            Ok(_) if !may_replace => return Err(Errno::EEXIST),
            Ok(same) if same == id => return Ok(()),
            Ok(replaced) => match self.inode(replaced)?.node {
                Node::File(_) => self.remove_file(to.0, to.1)?,
                Node::Folder(_) => self.remove_folder(to.0, to.1)?,
            },
            Err(_) => {}
        }
        self.folder_mut(from.0)?.live.remove(from.1);
        self.folder_mut(to.0)?.live.insert(to.1.to_owned(), id);
        if from.0 != to.0 {
            self.folder_mut(from.0)?.tied.insert(to.0);
            self.folder_mut(to.0)?.tied.insert(from.0);
        }
        let inode = self.inode_mut(id)?;
        inode.parent = to.0;
        inode.name = to.1.to_owned();
        Ok(())
    }

    pub fn sync_file(&mut self, id: Id) -> Outcome {
        if self.is_ignored(id) {
            return Ok(());
        }
        match &mut self.inode_mut(id)?.node {
            Node::File(content) => content.sync(),
            Node::Folder(_) => return Err(Errno::EISDIR),
        }
        Ok(())
    }

    pub fn sync_folder(&mut self, id: Id) -> Outcome {
        if self.is_ignored(id) {
            return Ok(());
        }
        self.folder(id)?;
        self.make_names_durable(id);
        Ok(())
    }

    /// Everything, as sync(2) does and as time does by itself.
    pub fn sync_all(&mut self) {
        for inode in self.inodes.values_mut() {
            if let Node::File(content) = &mut inode.node {
                content.sync();
            }
        }
        let ids: Vec<Id> = self.inodes.keys().copied().collect();
        for id in ids {
            self.make_names_durable(id);
        }
    }

    /// Everything that isn't durable is gone, and whoever has something open has nothing: all but the root get new ids, so that what
    /// the kernel remembers of the former ones can't be mistaken for what is there now.
    pub fn cut(&mut self) -> Loss {
        let loss = self.unsynced();
        let mut former = std::mem::take(&mut self.inodes);
        let root = former.remove(&ROOT);
        if let Some(root) = root {
            self.restore(ROOT, ROOT, root, &mut former);
        }
        loss
    }

    pub fn refer(&mut self, id: Id) {
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.references += 1;
        }
    }

    /// Of ids of before a power cut, too.
    pub fn unrefer(&mut self, id: Id, count: u64) {
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.references = inode.references.saturating_sub(count);
            self.free(id);
        }
    }

    fn folder_mut(&mut self, id: Id) -> Outcome<&mut Folder> {
        let inode = self.inode_mut(id)?;
        inode.attributes.modified = SystemTime::now();
        match &mut inode.node {
            Node::Folder(folder) => Ok(folder),
            Node::File(_) => Err(Errno::ENOTDIR),
        }
    }

    fn unname(&mut self, folder: Id, name: &OsStr, id: Id) -> Outcome {
        self.folder_mut(folder)?.live.remove(name);
        self.inode_mut(id)?.live_names -= 1;
        self.free(id);
        Ok(())
    }

    fn make_names_durable(&mut self, id: Id) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(Inode { node: Node::Folder(folder), .. }) = self.inodes.get_mut(&id) else {
                continue;
            };
            open.extend(std::mem::take(&mut folder.tied));
            let before = std::mem::replace(&mut folder.durable, folder.live.clone());
            let now: Vec<Id> = folder.durable.values().copied().collect();
            for each in now {
                if let Some(inode) = self.inodes.get_mut(&each) {
                    inode.durable_names += 1;
                }
            }
            for each in before.into_values() {
                if let Some(inode) = self.inodes.get_mut(&each) {
                    inode.durable_names -= 1;
                    self.free(each);
                }
            }
        }
    }

    /// Once nobody knows it, now or after a power cut.
    fn free(&mut self, id: Id) {
        let is_known = |inode: &Inode| inode.live_names + inode.durable_names > 0 || inode.references > 0;
        if self.inodes.get(&id).is_some_and(|inode| !is_known(inode)) {
            self.inodes.remove(&id);
        }
    }

    fn is_ignored(&self, id: Id) -> bool {
        let Some(ignored) = &self.ignores_syncs_under else {
            return false;
        };
        let mut each = id;
        while each != ROOT {
            let Some(inode) = self.inodes.get(&each) else {
                return false;
            };
            if inode.name == *ignored {
                return true;
            }
            each = inode.parent;
        }
        false
    }

    fn unsynced(&self) -> Loss {
        let mut loss = Loss::default();
        for inode in self.inodes.values() {
            match &inode.node {
                Node::File(content) if !content.is_synced() => {
                    loss.files += 1;
                    loss.pages += content.unsynced_pages();
                }
                Node::File(_) => {}
                Node::Folder(Folder { live, durable, .. }) => {
                    let in_both = live.iter().filter(|(name, id)| durable.get(*name) == Some(id)).count();
                    loss.names += live.len() + durable.len() - 2 * in_both;
                }
            }
        }
        loss
    }

    fn restore(&mut self, id: Id, parent: Id, mut inode: Inode, former: &mut HashMap<Id, Inode>) {
        match &mut inode.node {
            Node::File(content) => content.forget(),
            Node::Folder(folder) => {
                let mut names = Names::new();
                for (name, was) in std::mem::take(&mut folder.durable) {
                    // A rename is one step (3), so nothing durable has two names.
                    let Some(mut child) = former.remove(&was) else { continue };
                    let now = self.next;
                    self.next += 1;
                    child.name.clone_from(&name);
                    names.insert(name, now);
                    self.restore(now, id, child, former);
                }
                *folder = Folder { live: names.clone(), durable: names, tied: BTreeSet::new() };
            }
        }
        inode.parent = parent;
        inode.live_names = 1;
        inode.durable_names = 1;
        inode.references = u64::from(id == ROOT);
        self.inodes.insert(id, inode);
    }
}

#[cfg(test)]
mod tests;
