namespace Relaybox.Functions.Relay;

/// <summary>How a sweep works.</summary>
/// <param name="Listen">How long it waits for new rows, from its beginning; zero: it ends when nothing is due.</param>
internal sealed record SweepOptions(TimeSpan Listen);
