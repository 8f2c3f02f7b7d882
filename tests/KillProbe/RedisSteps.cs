using Relaybox.Testing;

namespace Relaybox.KillProbe;

/// <summary>The steps on the wire to Redis at which the process can be killed; those in the process are the same as everywhere.</summary>
public static class RedisSteps
{
    internal const string CommitAnswered = "commit-answered";

    /// <summary>The name by which the server knows the probe's connections.</summary>
    public const string ClientName = "relaybox-probe";

    /// <summary>What the keys of the handler's effects begin with: of all calls only the commit has them.</summary>
    internal const string Effects = "kill_effects:";

    // The first call about a record is its claim.
    private const string Claim = ":inbox:probe:";

    /// <summary>The steps on the wire.</summary>
    public static IReadOnlyDictionary<string, (string Text, WireProxy.Moment Moment)> Wire { get; } =
        new Dictionary<string, (string, WireProxy.Moment)>
        {
            ["claim-not-sent"] = (Claim, WireProxy.Moment.NotSent),
            ["claim-sent"] = (Claim, WireProxy.Moment.Sent),
            ["claim-answered"] = (Claim, WireProxy.Moment.Answered),
            ["commit-not-sent"] = (Effects, WireProxy.Moment.NotSent),
            ["commit-sent"] = (Effects, WireProxy.Moment.Sent),
            [CommitAnswered] = (Effects, WireProxy.Moment.Answered),
        };
}
