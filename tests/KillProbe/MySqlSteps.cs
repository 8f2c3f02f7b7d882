using Relaybox.Testing;

namespace Relaybox.KillProbe;

/// <summary>The steps on the wire to MySQL or MariaDB at which the process can be killed; those in the process are the same as everywhere.</summary>
public static class MySqlSteps
{
    internal const string CommitAnswered = "commit-answered";

    private const string Claim = "ON DUPLICATE KEY UPDATE deliveries";

    // The mark, with the emitted events and the COMMIT in one message.
    private const string Commit = "_complete`(";

    /// <summary>The steps on the wire.</summary>
    public static IReadOnlyDictionary<string, (string Text, WireProxy.Moment Moment)> Wire { get; } =
        new Dictionary<string, (string, WireProxy.Moment)>
        {
            ["claim-not-sent"] = (Claim, WireProxy.Moment.NotSent),
            ["claim-sent"] = (Claim, WireProxy.Moment.Sent),
            ["claim-answered"] = (Claim, WireProxy.Moment.Answered),
            ["commit-not-sent"] = (Commit, WireProxy.Moment.NotSent),
            ["commit-sent"] = (Commit, WireProxy.Moment.Sent),
            [CommitAnswered] = (Commit, WireProxy.Moment.Answered),
        };
}
