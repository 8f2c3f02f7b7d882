Console.Error.WriteLine("The double serves nothing yet.");
return 1;
