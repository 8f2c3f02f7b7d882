namespace Relaybox.Diagnostics;

/// <summary>A store that can say more of a failed call than its exception's name.</summary>
internal interface IExplainsFailures
{
    /// <summary>What is wrong, and what to do, without anything that a log may not hold; null: nothing is known.</summary>
    StoreFailedException? Explain(Exception exception);
}
