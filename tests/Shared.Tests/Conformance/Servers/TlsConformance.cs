using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// Who is taken for the server of a store. The tests ask for what is always demanded outside loopback: TLS, and a server that is verified
/// in full.
/// </summary>
public abstract class TlsConformance : IDisposable
{
    protected const string Host = "127.0.0.1";
    protected const string Password = "correct-horse";

    private const string NotVerified =
        "could not be verified (TLS): its certificate is by an authority that is not trusted, has expired, or is of another name";

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The authority that the clients trust.</summary>
    private protected Certificates Trusted { get; } = new();

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Trusted.Dispose();
    }

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_over_tls()
    {
        await using var server = await StartAsync(Trusted, Trusted.Issue(names: Host));
        await AssertIsUsedOverTlsAsync(server.Port);
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        await using var server = await StartAsync(others, others.Issue(names: Host));
        await RefusesAsync(server.Port, Trusted, NotVerified);

        // Nor does this machine trust it.
        await RefusesAsync(server.Port, null, NotVerified);
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        await using var server = await StartAsync(Trusted, Trusted.Issue(names: ["db.example.com", "127.0.0.2"]));
        await RefusesAsync(server.Port, Trusted, NotVerified);
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        await using var server = await StartAsync(Trusted, Trusted.Issue(expired: true, names: Host));
        await RefusesAsync(server.Port, Trusted, NotVerified);
    }

    private protected abstract Task<TlsServer> StartAsync(Certificates authority, ServerCertificate certificate);

    private protected abstract Task AssertIsUsedOverTlsAsync(int port);

    /// <summary>Fails to use a server, with a password.</summary>
    /// <returns>What the driver threw, and what is said of it.</returns>
    private protected abstract Task<(Exception Refused, Exception? Explained)> FailAsync(int port, Certificates? trusted);

    private protected Task RefusesAsync(int port, Certificates? trusted, string part) => RefusesAsync(() => FailAsync(port, trusted), part);

    /// <summary>Fails until it is known why: a driver may have given up before it has heard that.</summary>
    private protected static async Task RefusesAsync(Func<Task<(Exception Refused, Exception? Explained)>> failAsync, string part)
    {
        var (refused, explained) = await Eventually.ValueAsync(
            failAsync, failure => failure.Explained?.Message.Contains(part, StringComparison.Ordinal) == true, part);
        Assert.DoesNotContain(Password, $"{refused}{explained}", StringComparison.Ordinal);
    }

    private protected sealed record TlsServer(IAsyncDisposable Server, int Port) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
