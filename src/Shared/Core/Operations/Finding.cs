namespace Relaybox.Operations;

/// <summary>What a check has found.</summary>
/// <param name="Id">The check's name, and after a dot what it has found, such as <c>schema.missing</c>. Programs rely on it.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Text">What is, and where.</param>
/// <param name="Advice">What to do, with what to type; null: nothing is to be done, or the text says it.</param>
internal sealed record Finding(string Id, FindingSeverity Severity, string Text, string? Advice)
{
    internal static Finding Ok(string id, string text) => new(id, FindingSeverity.Ok, text, null);

    internal static Finding Unknown(string id, string text, string? advice = null) => new(id, FindingSeverity.Unknown, text, advice);

    internal static Finding Warning(string id, string text, string advice) => new(id, FindingSeverity.Warning, text, advice);

    internal static Finding Problem(string id, string text, string? advice = null) => new(id, FindingSeverity.Problem, text, advice);
}
