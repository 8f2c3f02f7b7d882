using System.Text.Json;
using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What the doctor says of a system, asked by the function Operate with the bytes that Lambda would send.</summary>
internal sealed class Examination
{
    internal const string Request = """{"command":"doctor"}""";

    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(5);

    private Examination(IReadOnlyList<Finding> findings) => Findings = findings;

    internal IReadOnlyList<Finding> Findings { get; }

    /// <summary>The ids of all problems, each once.</summary>
    internal IEnumerable<string> Problems =>
        Findings.Where(finding => finding.Severity == FindingSeverity.Problem).Select(finding => finding.Id).Distinct();

    private string Text => string.Join('\n', Findings);

    internal static async Task<Examination> OfAsync(FunctionWorld world) =>
        Read(await world.InvokeAsync("Operate", Request, Enough, "read"));

    internal static Examination Read(string answer) =>
        new(JsonSerializer.Deserialize(answer, OperationsJsonContext.Default.OperateAnswer)!.Findings!);

    /// <summary>Nothing is wrong; what could not be looked at must be expected.</summary>
    internal void AssertHealthy(params string[] unknown)
    {
        Assert.False(Problems.Any(), Text);
        Assert.True(
            unknown.SequenceEqual(Findings.Where(finding => finding.Severity == FindingSeverity.Unknown).Select(finding => finding.Id)), Text);
    }

    /// <summary>The problem was found, is the only one, and says what to do.</summary>
    internal Finding AssertOnly(string id)
    {
        Assert.True(Problems.SequenceEqual([id]), $"{id} is not the only problem:\n{Text}");
        return AssertFound(id, FindingSeverity.Problem);
    }

    internal Finding AssertFound(string id, FindingSeverity severity, bool needsAdvice = true)
    {
        var found = Findings.FirstOrDefault(finding => finding.Id == id);
        Assert.True(found?.Severity == severity, $"{id} was not found as a {severity}:\n{Text}");
        Assert.True(
            !needsAdvice || found.Advice is { Length: > 10 } || found.Text.Contains(". ", StringComparison.Ordinal),
            $"It does not say what to do: {found}");
        return found;
    }
}
