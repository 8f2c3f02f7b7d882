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
        var found = Of(errors);
        return Task.FromResult<IReadOnlyList<Finding>>(
            settings.WhyForgetful() is { } why ? [.. found, Finding.Problem("settings.forgetful", why)] : found);
    }
}
