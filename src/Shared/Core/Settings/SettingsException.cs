using Relaybox.Diagnostics;

namespace Relaybox.Settings;

/// <summary>The configuration is wrong. The text lists everything that is, with what to set.</summary>
/// <param name="errors">What is wrong, one sentence each.</param>
public sealed class SettingsException(IReadOnlyList<string> errors)
    : InvalidOperationException($"The configuration has {errors.Count} error(s):\n- {string.Join("\n- ", errors)}"), ISafeToLog
{
    /// <summary>What is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
