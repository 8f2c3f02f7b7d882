using MySqlConnector;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.MySql;
using Relaybox.MySql;
using Relaybox.Sql;
using Relaybox.Testing.Tls;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// A real MariaDB or MySQL server for one test assembly: <c>[assembly: AssemblyFixture(typeof(MySqlServer))]</c>, then a constructor
/// parameter of the test class. It is the server that <c>MYSQL_URL</c> names, or MariaDB. Every test makes a schema of its own
/// (<see cref="UniqueSchema"/>). A test that stops, kills or configures the server makes one of its own
/// (<see cref="StartAsync(string, ServerCertificate, string[])"/>).
/// </summary>
public sealed class MySqlServer : IAsyncLifetime
{
    /// <summary>The variable that names a running server: <c>mysql://user:password@host:port</c>, an administrator's.</summary>
    public const string Variable = "MYSQL_URL";

    // With this in front, xunit takes the text of an exception as the reason to skip the test.
    private const string SkipMark = "$XunitDynamicSkip$";

    private string? _connectionString;
    private MariaDbFiles? _files;
    private MariaDbProcess? _process;

    /// <summary>How the administrator connects.</summary>
    public string ConnectionString => _connectionString ?? Started.ConnectionString;

    public int Port => (int)new MySqlConnectionStringBuilder(ConnectionString).Port;

    private MariaDbProcess Started => _process ?? throw new InvalidOperationException("The server has not been started.");

    public static string UniqueSchema() => $"t{Guid.NewGuid():N}";

    /// <summary>A server of its own for a test that breaks or configures it. Where another server is to be tested, the test is skipped.</summary>
    /// <param name="password">The administrator's password; null: none.</param>
    /// <param name="certificate">With which it offers TLS; null: it offers none.</param>
    /// <param name="options">Lines of its options file, such as <c>read_only = 1</c>.</param>
    public static async Task<MySqlServer> StartAsync(string? password = null, ServerCertificate? certificate = null, params string[] options)
    {
        if (Named() is not null)
        {
            throw new InvalidOperationException(
                $"{SkipMark}The test needs a server that it may stop and configure; {Variable} names one that it may not.");
        }

        var server = new MySqlServer();
        await server.StartOwnAsync(password, certificate, options);
        return server;
    }

    /// <summary>Ends the server at once (SIGKILL), and starts it again on the same port.</summary>
    public async Task CrashAndRestartAsync()
    {
        await StopAtOnceAsync();
        await StartAgainAsync();
    }

    /// <summary>Ends the server at once (SIGKILL); its files stay.</summary>
    public Task StopAtOnceAsync() => Started.KillAsync();

    /// <summary>Starts the server again on its port and its files, after <see cref="StopAtOnceAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        var port = Started.Port;
        await Started.DisposeAsync();
        _process = await MariaDbProcess.StartAsync(port, _files!, durable: false, CancellationToken.None);
    }

    /// <summary>Ends every other connection to the server, as a failover would.</summary>
    public Task TerminateConnectionsAsync() => Started.CutConnectionsAsync(CancellationToken.None);

    public async ValueTask InitializeAsync()
    {
        _connectionString = Named();
        if (_connectionString is null)
        {
            await StartOwnAsync(null, null, []);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _files?.Dispose();
    }

    // How a client connects to the server that the variable names; null: it names none.
    private static string? Named()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } url)
        {
            return null;
        }

        try
        {
            var settings = MySqlConnectionText.FromUrl(new SqlConnectionOptions { Url = url })[0];
            return new MySqlConnectionStringBuilder
            {
                Server = settings.Server,
                Port = settings.Port,
                UserID = settings.UserID,
                Password = settings.Password,
                SslMode = settings.SslMode,
                AllowPublicKeyRetrieval = settings.AllowPublicKeyRetrieval,
            }.ConnectionString;
        }
        catch (FormatException exception)
        {
            throw new InvalidOperationException($"{Variable} cannot be used: {exception.Message}.", exception);
        }
    }

    private async Task StartOwnAsync(string? password, ServerCertificate? certificate, string[] options)
    {
        _files = await MariaDbFiles.CreateAsync(password, CancellationToken.None);
        if (certificate is not null)
        {
            var (certificateFile, keyFile) = (Path.Combine(_files.Folder, "server.crt"), Path.Combine(_files.Folder, "server.key"));
            await _files.InstallAsync(certificate.CertificateFile, certificateFile, CancellationToken.None);
            await _files.InstallAsync(certificate.KeyFile, keyFile, CancellationToken.None);
            options = [$"ssl_cert = {certificateFile}", $"ssl_key = {keyFile}", .. options];
        }

        await File.AppendAllLinesAsync(_files.OptionsFile, options);
        _process = await MariaDbProcess.StartAsync(NetworkPorts.Free(1)[0], _files, durable: false, CancellationToken.None);
    }
}
