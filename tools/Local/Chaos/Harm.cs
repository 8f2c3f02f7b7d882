namespace Relaybox.Local.Chaos;

/// <summary>What a fault has done.</summary>
/// <param name="Whom">Whom it met, where its name does not say so.</param>
/// <param name="Over">Completes when everything goes on.</param>
internal sealed record Harm(string Whom, Task Over)
{
    /// <summary>What is over when the call returns.</summary>
    public static Harm IsOver(string whom = "") => new(whom, Task.CompletedTask);
}
