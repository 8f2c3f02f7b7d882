
namespace Relaybox.Functions.Tests.Hostile;

/// <summary>A message as a queue delivers it, and what must become of it.</summary>
/// <param name="Body">Its body.</param>
/// <param name="Outcome">An error code: to the dead-letter queue with it. Otherwise <see cref="Handled"/>.</param>
internal sealed record HostileBody(string Body, string Outcome)
{
    /// <summary>Handled, with <see cref="Payload"/>.</summary>
    internal const string Handled = "handled";

    /// <summary>The payload that the handler must get.</summary>
    internal string? Payload { get; init; }

    /// <summary>Its attributes.</summary>
    internal (string Name, string? Value)[] Attributes { get; init; } = [];
}
