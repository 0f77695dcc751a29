use super::guides::guides;

#[test]
fn levels_that_do_not_fit_are_counted() {
    let depths: Vec<usize> = (0..9).chain([8]).collect();
    let drawn = |room: usize, unicode: bool| -> Vec<String> {
        guides(depths.iter().copied()).iter().map(|guide| guide.render(unicode, room).0).collect()
    };
    let wide = drawn(48, true);
    assert_eq!((wide[4].as_str(), wide[8].as_str()), ("         └─ ", "                     ├─ "));
    let narrow = drawn(18, true);
    assert_eq!(narrow[6], "               └─ ", "as wide as the room");
    assert_eq!(&narrow[7..], ["⋯3             └─ ", "⋯4             ├─ ", "⋯4             └─ "]);
    assert_eq!(drawn(18, false)[8], "..4            |- ");
    let chain = guides(0..10_000);
    let (deepest, below) = chain[9_999].render(true, usize::MAX);
    assert!(deepest.starts_with("⋯9921 ") && deepest.chars().count() == 80 * 3, "{deepest}");
    assert_eq!(below.chars().count(), 81 * 3);
    assert_eq!(chain[80].render(true, usize::MAX).0.chars().count(), 80 * 3);
    assert!(drawn(0, true).iter().all(|guide| guide.chars().count() <= 12), "{:?}", drawn(0, true));
}
