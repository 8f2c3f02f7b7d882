namespace Relaybox.Secrets;

/// <summary>Where secrets come from.</summary>
internal interface ISecretSource
{
    /// <summary>Reads a secret's current text.</summary>
    /// <param name="arn">The secret's ARN.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read; the text says why, and never holds the secret.</exception>
    Task<string> GetAsync(string arn, CancellationToken cancellationToken);
}
