print("spanwire")
