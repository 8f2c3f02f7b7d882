using Relaybox.Operations;

namespace Relaybox.Settings;

/// <summary>Whether the settings are complete, and agree with each other.</summary>
/// <param name="settings">What was read.</param>
/// <param name="errors">What could not be read, one sentence each that says what to set.</param>
internal sealed class SettingsCheck(RelayboxSettings settings, IReadOnlyList<string> errors) : IDoctorCheck
{
    private const string CheckName = "settings";

    /// <inheritdoc />
    public string Name => CheckName;

    /// <inheritdoc />
    public string Passed => "The settings are complete, and agree with each other.";

    /// <summary>What is found where settings are wrong.</summary>
    /// <param name="errors">One sentence each.</param>
    internal static IReadOnlyList<Finding> Of(IReadOnlyList<string> errors) =>
        [.. errors.Select(error => Finding.Problem($"{CheckName}.wrong", error, "docs/configuration.md has all settings."))];

    /// <inheritdoc />
    public Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        List<Finding> found = [.. Of(errors)];
        if (settings.WhyForgetful() is { } why)
        {
            found.Add(Finding.Problem("settings.forgetful", why));
        }

        if (settings.ClaimCheck is { } claimCheck)
        {
            found.AddRange(Judge(claimCheck));
        }

        return Task.FromResult<IReadOnlyList<Finding>>(found);
    }

    private IEnumerable<Finding> Judge(ClaimCheckSettings claimCheck)
    {
        if (claimCheck.WhyForgetful(settings) is { } why)
        {
            yield return Finding.Problem("settings.payloads-expire", why, "Raise ClaimCheckRetentionDays, and deploy the stack again.");
        }

        if (claimCheck.ThresholdBytes >= settings.Broker?.MaxMessageBytes)
        {
            yield return Finding.Problem(
                "settings.claim-check-threshold",
                $"CLAIM_CHECK_THRESHOLD_BYTES is {claimCheck.ThresholdBytes}, but a message may have {settings.Broker.MaxMessageBytes} bytes with "
                + "its headers: a payload between the two is parked.",
                "Lower it (template.yaml: ClaimCheckThresholdBytes); 262144 leaves room for headers.");
        }
    }
}
