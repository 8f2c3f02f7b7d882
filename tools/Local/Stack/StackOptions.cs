using Relaybox.Local.Template;


namespace Relaybox.Local.Stack;

/// <summary>What a template needs from outside.</summary>
/// <param name="StackName">The first part of every name that the template does not give.</param>
/// <param name="SqsEndpoint">Where queue URLs point.</param>
/// <param name="Parameters">Overrides of the template's defaults.</param>
internal sealed record StackOptions(string StackName, Uri SqsEndpoint, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Plain values in place of the template's, by their paths; see <see cref="PropertyOverrides"/>.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();
}
