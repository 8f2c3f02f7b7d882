namespace Relaybox.MongoDouble.Tests.Language.Cases;

/// <summary>A document, a projection of <c>find</c>, and what it leaves.</summary>
public static class ProjectionCases
{
    public static IReadOnlyList<LanguageCase> All { get; } =
    [
        new("An empty projection leaves all", "{_id: 1, a: 1}", "{}", "{_id: 1, a: 1}"),
        new("Taking a field takes the id", "{_id: 1, a: 1, b: 2}", "{b: 1}", "{_id: 1, b: 2}"),
        new("The order is the document's", "{_id: 1, a: 1, b: 2}", "{b: 1, a: true}", "{_id: 1, a: 1, b: 2}"),
        new("Taking without the id", "{_id: 1, a: 1, b: 2}", "{b: 1, _id: 0}", "{b: 2}"),
        new("The id alone", "{_id: 1, a: 1}", "{_id: 1}", "{_id: 1}"),
        new("All but the id", "{_id: 1, a: 1}", "{_id: 0}", "{a: 1}"),
        new("Leaving out", "{_id: 1, a: 1, b: 2}", "{a: 0}", "{_id: 1, b: 2}"),
        new("Leaving out by a path", "{_id: 1, a: {b: 1, c: 2}}", "{'a.b': 0}", "{_id: 1, a: {c: 2}}"),
        new("Taking by a path", "{_id: 1, a: {b: 1, c: 2}, d: 1}", "{'a.b': 1}", "{_id: 1, a: {b: 1}}"),
        new("Taking by a document", "{_id: 1, a: {b: 1, c: 2}, d: 1}", "{a: {b: 1}}", "{_id: 1, a: {b: 1}}"),
        new("Taking through an array", "{_id: 1, a: [{b: 1, c: 2}, 5, {c: 3}]}", "{'a.b': 1}", "{_id: 1, a: [{b: 1}, {}]}"),
        new("Leaving out through an array", "{_id: 1, a: [{b: 1, c: 2}, 5]}", "{'a.b': 0}", "{_id: 1, a: [{c: 2}, 5]}"),
        new("A path into a scalar takes nothing", "{_id: 1, a: 5}", "{'a.b': 1}", "{_id: 1}"),
        new("Computing a field", "{_id: 1, a: 2, b: 3}", "{b: 1, c: {$add: ['$a', 1]}}", "{_id: 1, b: 3, c: 3}"),
        new("Computing by a path", "{_id: 1, a: {b: 2}}", "{c: '$a.b'}", "{_id: 1, c: 2}"),
        new("Computing nothing adds nothing", "{_id: 1, a: 1}", "{a: 1, c: '$x', d: '$$REMOVE'}", "{_id: 1, a: 1}"),
        new("Taking within leaving out is refused", "{}", "{a: 0, b: 1}", "error 31253"),
        new("Leaving out within taking is refused", "{}", "{a: 1, b: 0}", "error 31254"),
        new("A path and its parent are refused", "{}", "{'a.b': 1, a: 1}", "error 31250"),
        new("A parent and its path are refused", "{}", "{a: 1, 'a.b': 1}", "error 31249"),
    ];
}
