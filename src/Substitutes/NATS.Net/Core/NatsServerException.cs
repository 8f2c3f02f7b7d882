namespace NATS.Client.Core;

public sealed class NatsServerException : NatsException
{
    private static readonly string[] AuthErrors =
    [
        "authorization violation", "user authentication expired", "user authentication revoked", "account authentication expired",
    ];

    public NatsServerException(string error)
        : base($"Server error: {error}")
    {
        Error = error.ToLowerInvariant();
        IsAuthError = Array.Exists(AuthErrors, text => Error.Contains(text, StringComparison.Ordinal));
    }

    public string Error { get; }

    public bool IsAuthError { get; }
}
