use super::*;

fn attributes() -> Attributes {
    let now = SystemTime::now();
    Attributes { mode: 0o755, uid: 0, gid: 0, modified: now, changed: now }
}

fn disk() -> Disk {
    Disk::new(attributes(), Some("ignored".into()))
}

fn folder(disk: &mut Disk, parent: Id, name: &str) -> Id {
    disk.make(parent, name.as_ref(), attributes(), Node::Folder(Folder::default())).unwrap()
}

fn file(disk: &mut Disk, parent: Id, name: &str) -> Id {
    let id = disk.make(parent, name.as_ref(), attributes(), Node::File(Content::default())).unwrap();
    disk.content_mut(id).unwrap().write(0, name.as_bytes());
    id
}

fn text(disk: &Disk, parent: Id, name: &str) -> Option<String> {
    let id = disk.find(parent, name.as_ref()).ok()?;
    Some(String::from_utf8(disk.content(id).ok()?.read(0, 100)).unwrap())
}

#[test]
fn a_synced_file_without_a_synced_name_is_gone() {
    let mut disk = disk();
    let id = file(&mut disk, ROOT, "a");
    disk.sync_file(id).unwrap();
    assert_eq!(disk.cut(), Loss { names: 1, ..Loss::default() });
    assert_eq!(text(&disk, ROOT, "a"), None);
}

#[test]
fn a_synced_name_without_a_synced_file_is_empty() {
    let mut disk = disk();
    file(&mut disk, ROOT, "a");
    disk.sync_folder(ROOT).unwrap();
    assert_eq!(disk.cut(), Loss { files: 1, pages: 1, names: 0 });
    assert_eq!(text(&disk, ROOT, "a"), Some(String::new()));
}

#[test]
fn a_removed_file_is_there_again() {
    let mut disk = disk();
    file(&mut disk, ROOT, "a");
    disk.sync_all();
    disk.remove_file(ROOT, "a".as_ref()).unwrap();
    file(&mut disk, ROOT, "a");
    disk.cut();
    assert_eq!(text(&disk, ROOT, "a"), Some("a".into()));
    disk.remove_file(ROOT, "a".as_ref()).unwrap();
    disk.sync_folder(ROOT).unwrap();
    disk.cut();
    assert_eq!(text(&disk, ROOT, "a"), None);
    assert_eq!(disk.inodes.len(), 1);
}

#[test]
fn a_rename_over_another_file_happened_or_did_not() {
    let mut disk = disk();
    file(&mut disk, ROOT, "old");
    disk.sync_all();
    let new = file(&mut disk, ROOT, "new");
    disk.sync_file(new).unwrap();
    disk.rename((ROOT, "new".as_ref()), (ROOT, "old".as_ref()), true).unwrap();
    assert_eq!(text(&disk, ROOT, "old"), Some("new".into()));
    disk.cut();
    assert_eq!(text(&disk, ROOT, "old"), Some("old".into()));
    assert_eq!(text(&disk, ROOT, "new"), None);
}

#[test]
fn a_rename_into_another_folder_is_synced_by_either() {
    for synced in [0, 1] {
        let mut disk = disk();
        let folders = [folder(&mut disk, ROOT, "from"), folder(&mut disk, ROOT, "to")];
        file(&mut disk, folders[0], "a");
        disk.sync_all();
        disk.rename((folders[0], "a".as_ref()), (folders[1], "b".as_ref()), true).unwrap();
        disk.sync_folder(folders[synced]).unwrap();
        disk.cut();
        let [from, to] = ["from", "to"].map(|name| disk.find(ROOT, name.as_ref()).unwrap());
        assert_eq!(text(&disk, from, "a"), None);
        assert_eq!(text(&disk, to, "b"), Some("a".into()));
    }
}

#[test]
fn syncs_under_the_ignored_folder_are_lies() {
    let mut disk = disk();
    let ignored = folder(&mut disk, ROOT, "ignored");
    let id = file(&mut disk, ignored, "a");
    disk.sync_all();
    disk.content_mut(id).unwrap().write(0, b"b");
    disk.sync_file(id).unwrap();
    file(&mut disk, ignored, "c");
    disk.sync_folder(ignored).unwrap();
    disk.cut();
    let ignored = disk.find(ROOT, "ignored".as_ref()).unwrap();
    assert_eq!(text(&disk, ignored, "a"), Some("a".into()));
    assert_eq!(text(&disk, ignored, "c"), None);
}

#[test]
fn who_had_a_file_open_has_nothing_after_the_cut() {
    let mut disk = disk();
    let id = file(&mut disk, ROOT, "a");
    disk.refer(id);
    disk.sync_all();
    disk.cut();
    assert!(disk.content(id).is_err());
    disk.unrefer(id, 1);
    assert_eq!(text(&disk, ROOT, "a"), Some("a".into()));
}

#[test]
fn a_removed_file_lives_while_it_is_open() {
    let mut disk = disk();
    let id = file(&mut disk, ROOT, "a");
    disk.refer(id);
    disk.remove_file(ROOT, "a".as_ref()).unwrap();
    assert_eq!(disk.content(id).unwrap().read(0, 9), b"a");
    disk.unrefer(id, 1);
    assert_eq!(disk.inodes.len(), 1);
}
