using Relaybox.Local.Processes;

namespace Relaybox.Local.Stores.MySql;

/// <summary>The files of a MariaDB server.</summary>
public sealed class MariaDbFiles : DatabaseFiles
{
    /// <summary>The administrator.</summary>
    public const string User = "root";

    private const string SystemUser = "mysql";
    private const string Fix = "Install MariaDB 10.6 or newer (Debian: mariadb-server).";

    private MariaDbFiles(string? password)
        : base("mysql", SystemUser, password)
    {
    }

    /// <summary>What the server reads when it starts.</summary>
    internal string OptionsFile => Path.Combine(Folder, "my.cnf");

    /// <summary>Makes the files of an empty server.</summary>
    /// <param name="password">The administrator's password: letters and digits; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">MariaDB is missing, or mariadb-install-db failed.</exception>
    public static Task<MariaDbFiles> CreateAsync(string? password, CancellationToken cancellationToken) => FillAsync(
        new MariaDbFiles(password),
        async files =>
        {
            // The administrator has one entry for each address of this machine.
            var users = Path.Combine(files.Folder, "users.sql");
            await File.WriteAllTextAsync(
                users,
                $"""
                UPDATE mysql.global_priv SET priv = JSON_SET(
                    priv, '$.plugin', 'mysql_native_password', '$.authentication_string', PASSWORD('{password}')) WHERE User = '{User}';
                """,
                cancellationToken);
            await File.WriteAllTextAsync(files.OptionsFile, "[mariadbd]\n", cancellationToken);
            await files.RunAsUserAsync(
                Find("mariadb-install-db"),
                [
                    "--no-defaults", $"--datadir={files.Data}", "--auth-root-authentication-method=normal", "--skip-test-db",
                    "--skip-name-resolve", $"--extra-file={users}", "--innodb-flush-method=nosync",

                    // The server that it starts deletes the temporary tables in its folder, those of other servers too.
                    $"--tmpdir={files.Data}",
                ],
                cancellationToken);
            File.Delete(users);
        });

    /// <summary>How to start the server as a user that it accepts.</summary>
    internal static (string Program, string[] Arguments) Command(string[] arguments) => AsUser(SystemUser, Find("mariadbd"), arguments);

    // Debian's package puts the server where only root's PATH leads.
    private static string Find(string name) => File.Exists($"/usr/sbin/{name}")
        ? $"/usr/sbin/{name}"
        : Executables.Require(name, "The MariaDB server", Fix);
}
